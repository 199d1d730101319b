// A SMART on FHIR EHR around npm oidc-provider, which does all of the OAuth and OpenID Connect; this file is what an EHR adds to it.
//
// usage: node authorization_server.mjs CONFIG.json   (prints one line of JSON with its ports when it listens; loopback only)
//
// One TLS port answers for two host names: `ehr_host` is the EHR (FHIR base, authorization server, pages), `coder_host` is forwarded to
// fhir-coder as the TLS proxy of an installation would. A second port, plain and for the test alone, changes what the server does.
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { randomBytes, generateKeyPairSync } from 'node:crypto';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

URL.parse ??= (url, base) => { try { return new URL(url, base); } catch { return null; } }; // Node 22 has it, oidc-provider wants it

const config = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const { Provider, errors } = await import(pathToFileURL(createRequire(path.join(config.packages, 'package.json')).resolve('oidc-provider')));

// ------------------------------------------------------------------------------------------------------------ what a test may change
const settings = {
  clock_offset_s: 0, // how far this server's clock is ahead of the real one
  keys: ['first'], // names of the key sets published; the first of them signs
  access_token_alg: 'RS256',
  access_token_ttl_s: 300,
  withheld: [], // scopes that are never granted
  down: [], // paths that answer 503
  launches: {}, // launch parameter -> launch context
  standalone: {}, // launch context where a standalone launch asks for one
  coder_upstream: '', // where coder_host leads
  fhir_upstream: '', // where the FHIR server behind the EHR listens
};
let requests = [];

const realNow = Date.now;
Date.now = () => realNow() + settings.clock_offset_s * 1000; // oidc-provider takes its time from here alone

// ------------------------------------------------------------------------------------------------------------ keys and storage
const madeKeys = new Map();
function keysNamed(name) {
  if (!madeKeys.has(name)) {
    const pairs = { rsa: ['rsa', { modulusLength: 2048 }], p256: ['ec', { namedCurve: 'P-256' }], p384: ['ec', { namedCurve: 'P-384' }] };
    madeKeys.set(name, Object.entries(pairs).map(([kind, [type, options]]) => {
      const jwk = generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' });
      return { ...jwk, kid: `${name}-${kind}`, use: 'sig' };
    }));
  }
  return madeKeys.get(name);
}

const stored = new Map();
class Storage { // shared by the providers before and after a rotation: what was issued stays
  constructor(model) { this.model = model; }
  async upsert(id, payload, expiresIn) {
    const row = { payload, until: expiresIn ? Date.now() + expiresIn * 1000 : Infinity };
    for (const key of [id, ...['uid', 'userCode'].filter((one) => payload[one]).map((one) => `${one}:${payload[one]}`)]) stored.set(`${this.model}:${key}`, row);
  }
  async find(id) {
    const row = stored.get(`${this.model}:${id}`);
    return row && row.until > Date.now() ? row.payload : undefined;
  }
  async findByUid(uid) { return this.find(`uid:${uid}`); }
  async findByUserCode(code) { return this.find(`userCode:${code}`); }
  async consume(id) { stored.get(`${this.model}:${id}`).payload.consumed = Math.floor(Date.now() / 1000); }
  async destroy(id) { stored.delete(`${this.model}:${id}`); }
  async revokeByGrantId(grantId) { for (const [key, row] of stored) if (row.payload.grantId === grantId) stored.delete(key); }
}

// ------------------------------------------------------------------------------------------------------------ scopes and audiences
const TYPES = ['*', 'Patient', 'Encounter', 'DocumentReference', 'Binary', 'Condition', 'Claim', 'Task', 'Provenance', 'Coverage', 'Procedure', 'Practitioner'];
const ACCESS = ['r', 's', 'rs', 'c', 'u', 'cu', 'cud', 'cruds', 'read', 'write', '*'];
const CONTEXT_SCOPES = ['openid', 'offline_access', 'profile', 'fhirUser', 'groups', 'launch', 'launch/patient', 'launch/encounter'];
const resourceScopes = () => ['patient', 'user', 'system'].flatMap((level) => TYPES.flatMap((type) => ACCESS.map((access) => `${level}/${type}.${access}`)))
  .filter((one) => !settings.withheld.includes(one)).join(' ');
const LETTERS = { read: 'rs', write: 'cud', '*': 'cruds' };
const allows = (scope, type, letter) => (scope || '').split(' ').some((one) => {
  const match = /^(?:patient|user|system)\/([A-Za-z*]+)\.(.+)$/.exec(one);
  return match && ['*', type].includes(match[1]) && (LETTERS[match[2]] ?? match[2]).includes(letter);
});

// ------------------------------------------------------------------------------------------------------------ the provider
let origin, base, provider;
const contexts = new Map(); // grant -> launch context

function contextOf(params) {
  if (params.launch !== undefined) return settings.launches[params.launch];
  return /(^| )launch\//.test(params.scope || '') ? settings.standalone : {};
}

function requireAudience(ctx, aud) { // SMART: the app names the FHIR server that it wants a token for, letter by letter
  if (/\/|launch/.test(ctx.oidc.params.scope || '') && aud !== base) throw new errors.InvalidRequest('aud is not this FHIR server');
}

function requireKnownLaunch(ctx, launch) {
  if (launch !== undefined && !(launch in settings.launches)) throw new errors.InvalidRequest('launch is not known');
}

function makeProvider() {
  const made = new Provider(origin, {
    adapter: Storage,
    clients: JSON.parse(JSON.stringify(config.clients).replaceAll('PORT', port)),
    clientDefaults: { response_types: [], grant_types: ['client_credentials'] },
    jwks: { keys: settings.keys.flatMap(keysNamed) },
    cookies: { keys: ['for tests only'] },
    scopes: CONTEXT_SCOPES,
    claims: { openid: ['sub'], profile: ['name'], fhirUser: ['fhirUser'], groups: ['groups'] },
    conformIdTokenClaims: false,
    clockTolerance: 0,
    pkce: { required: () => true },
    responseTypes: ['code'],
    rotateRefreshToken: true,
    issueRefreshToken: (ctx, client, source) => client.grantTypeAllowed('refresh_token') && source.scopes.has('offline_access') && !settings.withheld.includes('offline_access'),
    enabledJWA: {
      clientAuthSigningAlgValues: ['RS384', 'ES384'],
      idTokenSigningAlgValues: ['RS256', 'ES256', 'ES384'],
    },
    routes: { authorization: '/authorize', token: '/token', jwks: '/keys', introspection: '/introspect', revocation: '/revoke', end_session: '/sign-out', userinfo: '/me' },
    extraParams: { aud: requireAudience, launch: requireKnownLaunch },
    findAccount: (ctx, sub) => ({ accountId: sub, claims: () => ({ sub, ...config.people[sub] }) }),
    loadExistingGrant: (ctx) => (ctx.oidc.result?.consent?.grantId ? ctx.oidc.provider.Grant.find(ctx.oidc.result.consent.grantId) : undefined), // each launch has a context of its own
    interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
    extraTokenClaims: (ctx, token) => {
      const { patient, encounter } = contexts.get(token.grantId) ?? {};
      return { ...(patient ? { patient } : {}), ...(encounter ? { encounter } : {}), ...(token.accountId ? { fhirUser: config.people[token.accountId]?.fhirUser } : {}) };
    },
    ttl: { AccessToken: () => settings.access_token_ttl_s, ClientCredentials: () => settings.access_token_ttl_s, AuthorizationCode: 60, IdToken: 300, RefreshToken: 86400, Interaction: 600, Session: 86400, Grant: 86400 },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: (ctx, client) => client.clientAuthMethod !== 'none' },
      revocation: { enabled: true },
      rpInitiatedLogout: { enabled: true, logoutSource: (ctx, form) => { ctx.body = page('Sign out', `${form}<button form="op.logoutForm" name="logout" value="yes" id="sign-out">Sign out</button>`); } },
      resourceIndicators: {
        enabled: true,
        defaultResource: (ctx, client, oneOf) => oneOf?.[0] ?? ctx.oidc.params.aud ?? (ctx.oidc.params.grant_type === 'client_credentials' ? base : undefined),
        useGrantedResource: () => true,
        getResourceServerInfo: (ctx, resource) => {
          if (resource !== base && !resource.startsWith(`https://${config.coder_host}:${port}/`)) throw new errors.InvalidTarget();
          const isJwt = resource !== base && !resource.includes('/opaque');
          return { scope: resourceScopes(), audience: resource, accessTokenTTL: settings.access_token_ttl_s, accessTokenFormat: isJwt ? 'jwt' : 'opaque', ...(isJwt ? { jwt: { sign: { alg: settings.access_token_alg } } } : {}) };
        },
      },
    },
    fetch: fetchKeys,
    renderError: (ctx, out) => { ctx.type = 'html'; ctx.body = page(`Not possible: ${out.error}`, `<p id="refusal">${escaped(out.error_description)}</p>`); },
  });
  made.use(async (ctx, next) => {
    // OpenID Connect grants offline_access only where prompt=consent was asked for, which SMART apps do not do
    if (ctx.path === '/authorize' && ctx.query.client_id && !ctx.query.prompt) ctx.query = { ...ctx.query, prompt: 'consent' };
    await next();
    if (ctx.oidc?.route === 'token' && ctx.status === 200) addContext(ctx);
  });
  return made;
}

function addContext(ctx) { // the launch context beside the token, and all scopes that were granted (SMART App Launch 2.2)
  const { AuthorizationCode: code, RefreshToken: refresh } = ctx.oidc.entities;
  const source = code ?? refresh;
  if (!source) return;
  const plain = (source.scope || '').split(' ').filter((one) => CONTEXT_SCOPES.includes(one) && !settings.withheld.includes(one));
  ctx.body = { ...ctx.body, ...contexts.get(source.grantId), scope: [...new Set([...plain, ...(ctx.body.scope || '').split(' ')])].filter(Boolean).join(' ') };
}

// The client's key set, through TLS, its names leading to this machine. oidc-provider gives up after 2.5 s, which a busy machine may need.
function fetchKeys(url) {
  return new Promise((resolve, reject) => {
    const target = new URL(url);
    const lookup = (host, _, done) => done(null, [{ address: '127.0.0.1', family: 4 }]);
    https.get(target, { ca: fs.readFileSync(config.ca), lookup, headers: { accept: 'application/json' }, signal: AbortSignal.timeout(30_000) }, (answer) => {
      const chunks = [];
      answer.on('data', (chunk) => chunks.push(chunk)).on('end', () => resolve(new Response(Buffer.concat(chunks), { status: answer.statusCode, headers: answer.headers })));
    }).on('error', reject);
  });
}

// ------------------------------------------------------------------------------------------------------------ pages of the EHR
const escaped = (text) => String(text).replace(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`);
const page = (title, content) => `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escaped(title)}</title><body><h1>${escaped(title)}</h1>${content}</body></html>`;
const html = (res, content, status = 200) => { res.writeHead(status, { 'content-type': 'text/html; charset=utf-8' }); res.end(content); };
const json = (res, value, status = 200, headers = {}) => { res.writeHead(status, { 'content-type': 'application/json', ...headers }); res.end(JSON.stringify(value)); };

async function interaction(req, res, decision) {
  const details = await provider.interactionDetails(req, res);
  const { params } = details;
  if (!decision) {
    const buttons = ['allow', 'refuse'].map((one) => `<form method="post" action="/interaction/${details.uid}/${one}"><button id="${one}">${one}</button></form>`);
    return html(res, page('May this app see the record?', `<p>${escaped(params.client_id)} asks for ${escaped(params.scope)}</p>${buttons.join('')}`));
  }
  if (decision === 'refuse') {
    return provider.interactionFinished(req, res, { error: 'access_denied', error_description: 'The user refused <b>everything</b>' });
  }
  const grant = new provider.Grant({ accountId: config.signed_in, clientId: params.client_id });
  grant.addOIDCScope((params.scope || '').split(' ').filter((one) => !settings.withheld.includes(one)).join(' '));
  grant.rejectOIDCScope(settings.withheld.join(' '));
  grant.addResourceScope(base, params.scope || '');
  const grantId = await grant.save();
  contexts.set(grantId, contextOf(params));
  return provider.interactionFinished(req, res, { login: { accountId: config.signed_in }, consent: { grantId } });
}

// ------------------------------------------------------------------------------------------------------------ FHIR below the EHR
function smartConfiguration() {
  return {
    issuer: origin, jwks_uri: `${origin}/keys`, authorization_endpoint: `${origin}/authorize`, token_endpoint: `${origin}/token`,
    introspection_endpoint: `${origin}/introspect`, revocation_endpoint: `${origin}/revoke`,
    grant_types_supported: ['authorization_code', 'client_credentials'], response_types_supported: ['code'],
    code_challenge_methods_supported: ['S256'], scopes_supported: [...CONTEXT_SCOPES, 'patient/*.rs', 'user/*.cruds', 'system/*.cruds'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'private_key_jwt'], token_endpoint_auth_signing_alg_values_supported: ['RS384', 'ES384'],
    capabilities: ['launch-ehr', 'launch-standalone', 'client-public', 'client-confidential-symmetric', 'client-confidential-asymmetric', 'sso-openid-connect',
      'context-banner', 'context-ehr-patient', 'context-ehr-encounter', 'context-standalone-patient', 'permission-offline', 'permission-patient', 'permission-user', 'permission-v1', 'permission-v2'],
  };
}

const outcome = (res, status, code, headers) => json(res, { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code }] }, status, { 'content-type': 'application/fhir+json', ...headers });

async function fhir(req, res, relative, url) {
  if (relative === '.well-known/smart-configuration') return json(res, smartConfiguration());
  if (relative === 'metadata') return forward(req, res, settings.fhir_upstream, url.pathname + url.search);
  const value = /^Bearer (.+)$/.exec(req.headers.authorization || '')?.[1];
  const token = value && ((await provider.AccessToken.find(value)) ?? (await provider.ClientCredentials.find(value)));
  if (!token || token.aud !== base) return outcome(res, 401, 'login', { 'www-authenticate': 'Bearer' });
  const [type, id] = relative.split('/');
  const letter = { GET: id ? 'r' : 's', POST: 'c', PUT: 'u' }[req.method];
  if (!letter || !allows(token.scope, type, letter)) return outcome(res, 403, 'forbidden');
  return forward(req, res, settings.fhir_upstream, url.pathname + url.search);
}

function forward(req, res, upstream, target) {
  if (!upstream) return json(res, { error: 'nothing is behind this name yet' }, 502);
  const headers = { ...req.headers, 'x-forwarded-proto': 'https', 'x-forwarded-host': req.headers.host };
  // a connection of its own each time: one that is kept may be closed at the other end just when it is used again
  const passed = http.request(new URL(target, upstream), { method: req.method, headers, agent: false }, (answer) => {
    res.writeHead(answer.statusCode, answer.rawHeaders);
    answer.pipe(res);
  });
  passed.on('error', (error) => { console.error(`${req.method} ${target}: ${error.message}`); if (!res.headersSent) json(res, { error: 'upstream' }, 502); else res.destroy(); });
  return req.pipe(passed);
}

// ------------------------------------------------------------------------------------------------------------ who answers what
async function answer(req, res) {
  const host = (req.headers.host || '').split(':')[0];
  const url = new URL(req.url, `https://${req.headers.host}`);
  requests.push({ host, method: req.method, path: url.pathname, query: Object.fromEntries(url.searchParams), authorization: (req.headers.authorization || '').split(' ')[0] });
  if (host === config.coder_host) return forward(req, res, settings.coder_upstream, req.url);
  if (host !== config.ehr_host && url.pathname !== '/chart') return json(res, { error: 'unknown host' }, 421); // any site may frame what it likes
  if (settings.down.includes(url.pathname)) return json(res, { error: 'temporarily_unavailable' }, 503);
  if (url.pathname.startsWith('/fhir/')) return fhir(req, res, url.pathname.slice('/fhir/'.length), url);
  const [, first, second, third] = url.pathname.split('/');
  if (first === 'interaction') return interaction(req, res, req.method === 'POST' ? third : '');
  if (first === 'chart') return html(res, page('The chart', `<iframe id="app" name="app" width="900" height="700" src="${escaped(url.searchParams.get('app'))}"></iframe>`));
  if (first === 'blank') return html(res, page('A page of the EHR', `<a id="app" href="${escaped(url.searchParams.get('app') || '')}">app</a>`));
  return provider.callback()(req, res);
}

async function body(req) {
  const chunks = [];
  for await (const chunk of req) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString() || '{}');
}

async function control(req, res) {
  const change = await body(req);
  if (req.method === 'PATCH') {
    Object.assign(settings, change);
    if ('keys' in change) provider = makeProvider();
  }
  if (req.method === 'DELETE') requests = [];
  if (req.method === 'POST') for (const key of stored.keys()) if (key.startsWith('AccessToken:')) stored.delete(key); // none is good any more
  json(res, { settings, requests });
}

const secure = https.createServer({ key: fs.readFileSync(config.key), cert: fs.readFileSync(config.certificate) }, (req, res) => {
  answer(req, res).catch((error) => { if (!res.headersSent) json(res, { error: error.error || error.message, error_description: error.error_description }, 400); });
});
const listening = (server) => new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)));
const port = await listening(secure);
origin = `https://${config.ehr_host}:${port}`;
base = `${origin}/fhir`;
provider = makeProvider();
const controlPort = await listening(http.createServer((req, res) => control(req, res).catch((error) => json(res, { error: error.message }, 500))));
console.log(JSON.stringify({ port, control_port: controlPort }));
