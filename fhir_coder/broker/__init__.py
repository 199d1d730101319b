"""Telling workers of jobs through Redis or RabbitMQ, by Celery. A message holds the id of a job and nothing else; what it means stands in the store."""
