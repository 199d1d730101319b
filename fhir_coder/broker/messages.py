"""The Celery application that the server and the workers share, and the one message there is: do this job.

One queue with priorities: RabbitMQ sorts it by itself (https://www.rabbitmq.com/docs/priority), for Redis Celery keeps a list for each priority
(https://docs.celeryq.dev/en/stable/userguide/routing.html#redis-message-priorities). There 0 goes first, at RabbitMQ the highest number.

A message is acknowledged when its job is through (``acks_late``), and comes again when its worker is lost. No results are kept at the broker.

Workers at a Redis listen to Celery's own commands as well, though we send none: a worker whose processes are all busy reads nothing else, and it is by
that connection that it learns that Redis went away. One that did not would keep its place for a message that it can no longer acknowledge, for ever.
"""

from __future__ import annotations

import logging
import ssl
from typing import Any

from fhir_coder.errors import ConfigurationError
from fhir_coder.jobs.job import Job, Priority

TASK = "fhir_coder.do_job"
QUEUE = "fhir-coder"
FIRST, LAST = 9, 0
"""The two priorities as RabbitMQ has them."""
_AT_REDIS = {FIRST: 0, LAST: 9}
CONNECTS_S = 3
"""A broker that does not answer is not waited for: the job stands in the table, and a sweep tells of it."""
SPARE_S = 120
"""Longer than the longest try: before that Redis gives no message to a second worker."""
_LOG = logging.getLogger("fhir_coder.jobs")


def make_celery(url: str, longest_s: int) -> Any:
    """The application over one broker; a try of a job that takes longer than ``longest_s`` seconds is ended. Raises ConfigurationError where Celery is
    not installed."""
    try:
        from celery import Celery
    except ModuleNotFoundError:
        raise ConfigurationError("FHIR_CODER_BROKER_URL: install the extra `celery` for it (pip install 'fhir-coder[celery]')") from None
    if _is_redis(url):
        from fhir_coder.broker import redis_transport

        redis_transport.use()
    app = Celery("fhir_coder", broker=url, set_as_current=False)
    options: dict[str, Any] = {"priority_steps": [0, 9], "sep": ":", "queue_order_strategy": "priority"} if _is_redis(url) else {}
    if url.startswith("rediss:") and "ssl_" not in url.partition("?")[2]:
        app.conf.broker_use_ssl = {"ssl_cert_reqs": ssl.CERT_REQUIRED}  # left out, kombu believes whoever answers
    app.conf.update(
        accept_content=["json"],
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_connection_timeout=CONNECTS_S,
        broker_transport_options=options | ({"visibility_timeout": longest_s + SPARE_S} if _is_redis(url) else {}),
        task_acks_late=True,
        task_default_queue=QUEUE,
        task_default_priority=LAST,
        task_ignore_result=True,
        task_queue_max_priority=FIRST,
        task_reject_on_worker_lost=True,
        task_serializer="json",
        task_soft_time_limit=longest_s,
        task_time_limit=longest_s + SPARE_S // 2,
        worker_enable_remote_control=_is_redis(url),
        worker_hijack_root_logger=False,
        worker_prefetch_multiplier=1,
        worker_send_task_events=False,
    )
    return app


def too_long() -> tuple[type[Exception], ...]:
    """What Celery puts into a try that takes too long."""
    from celery.exceptions import SoftTimeLimitExceeded

    return (SoftTimeLimitExceeded,)


class Publisher:
    """The broker of an application, as :class:`fhir_coder.jobs.sweeping.Broker` says. Nothing is raised where it does not answer."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._is_redis = _is_redis(app.conf.broker_url)

    def tell(self, job: Job) -> bool:
        """Whether it took the message of a job."""
        priority = FIRST if job.priority is Priority.INTERACTIVE else LAST
        told = _AT_REDIS[priority] if self._is_redis else priority
        try:
            self._app.send_task(TASK, args=(job.id,), priority=told, retry=False, ignore_result=True)
        except Exception as error:  # a library of each transport has its own
            _LOG.warning("the broker did not take a job: %s", type(error).__name__)
            return False
        return True

    def held(self) -> int:
        """How many messages wait in our queue; 0 where there is none, or none that answers."""
        try:
            with self._app.connection_for_write() as connection:
                return connection.default_channel.queue_declare(self._app.conf.task_default_queue, passive=True).message_count
        except Exception as error:  # a library of each transport has its own
            _LOG.warning("the broker did not say what it holds: %s", type(error).__name__)
            return 0


def _is_redis(url: str) -> bool:
    return url.startswith("redis")
