// usage: node fhirclient_js.mjs BASE ENCOUNTER   prints what the SMART client library got from $code-encounter
import { createRequire } from 'node:module';
const FHIR = createRequire(import.meta.url)('fhirclient');

const [serverUrl, id] = process.argv.slice(2);
const request = { url: '/fhir/unused', headers: {}, socket: {} };
const client = FHIR(request, { setHeader() {} }).client({ serverUrl });
const body = JSON.stringify({ resourceType: 'Parameters', parameter: [{ name: 'includeText', valueBoolean: true }] });
const headers = { 'Content-Type': 'application/json' };
const answer = await client.request({ url: `Encounter/${id}/$code-encounter`, method: 'POST', headers, body });
console.log(JSON.stringify({ answer }));
