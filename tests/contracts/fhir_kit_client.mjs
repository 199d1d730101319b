// usage: node fhir_kit_client.mjs BASE ENCOUNTER   prints what fhir-kit-client got from $code-encounter
import { Client } from 'fhir-kit-client';

const [baseUrl, id] = process.argv.slice(2);
const client = new Client({ baseUrl });
const statement = await client.capabilityStatement();
const advertised = statement.rest[0].resource.find(one => one.type === 'Encounter').operation;
const input = { resourceType: 'Parameters', parameter: [{ name: 'writeBack', valueBoolean: true }] };
const call = { name: 'code-encounter', resourceType: 'Encounter', id, method: 'POST' };
const [empty, answer] = [await client.operation(call), await client.operation({ ...call, input })];
let refusal;
try {
  await client.operation({ ...call, id: 'no-such-encounter' });
} catch (error) {
  refusal = { status: error.response.status, body: error.response.data };
}
const disposition = one => one.parameter.find(part => part.name === 'disposition').valueCoding.code;
console.log(JSON.stringify({ advertised, dispositions: [disposition(empty), disposition(answer)], answer, refusal }));
