import { routes } from '../../contracts/api/all-routes.ts';
import { answerCodes } from '../../contracts/api/answer-codes.ts';
import { problems } from '../../contracts/api/common.ts';
import { gatewayDoor, type Route } from '../../contracts/api/routes.ts';
import { table } from './table.ts';

const rowOf = ({ method, path, summary, query, body }: Route) => [
  `\`${method.toUpperCase()} ${path}\``,
  summary,
  Object.keys((body ?? query)?.shape ?? {})
    .map((name) => `\`${name}\``)
    .join(', ') || '–',
];

/** @returns docs/api.md */
export function apiPage(): string {
  const all = Object.values<Route>(routes);
  return `# The API
For those who run the service, and for programs of theirs: what is there now, what was, and why. The command
\`npx switchroom\` is made on it. This page is made from contracts/api/ by \`npm run docs\`; \`GET /v1/openapi.json\` gives the
same as OpenAPI 3.1, with every field.

## Where it is, and who may use it
The stack's output \`ApiAddress\` says where. The same routes stand there twice:

| below | for | who may |
| --- | --- | --- |
| \`/iam/v1\` | programs and the command line, signed by AWS SigV4 (service \`execute-api\`) | whoever IAM lets do \`execute-api:Invoke\` on \`arn:aws:execute-api:REGION:ACCOUNT:API/$default/METHOD/iam/v1/*\`: with \`GET\` for \`METHOD\` they read, with \`*\` they also act |
| \`/v1\` | people, with a token (\`Authorization: Bearer\`) of the issuer in the setting \`oidcIssuer\`, for \`oidcAudience\` | whoever has a role in the claim \`oidcRoleClaim\`: \`oidcViewerRole\` reads, \`oidcOperatorRole\` also acts |

Without \`oidcIssuer\` there is no \`/v1\`. API Gateway checks signature and token before anything of ours runs: issuer,
audience, times, and an RSA signature by the issuer's keys. Pages of other origins may use the API only where
\`apiCorsOrigins\` names them. It takes \`apiRequestsPerSec\` of all callers together, and answers 429 beyond: what \`switchroom\`
reads it asks for again then.

On one machine \`npm start\` prints the address and a token of its own, which holds as long as the run:

\`\`\`sh
curl -H "Authorization: Bearer TOKEN" ADDRESS/v1/status
\`\`\`

## The console
Where \`oidcIssuer\` is set, and with \`npm start\`, a page stands at the API's address: whether it is up, the calls in
progress and those that are over, one call with its ladder, the gateways, the edges, a day by the minute as plots, the pool with its
orders, the starts of gateways with their phases and the decisions, and who did what. It has no rights of its own: it asks for a token (\`#token=\` at the end of its address gives one, which it takes out of
there), keeps it for its tab, and shows what may be done to operators only: hang up, drain, stop, hold and release a gateway,
drain an edge and take it back, pause the pool, override its bounds until a time, and reserve gateways. Each asks why, and says what will happen. It speaks English, German or French, whichever
the browser names first (English where it names none), and writes numbers and times as that language does, in UTC. Outcomes and
states stand in words; the page of a call has the word of the logs beside its outcome. It runs no script but its own, and asks nobody but this API.

![The overview with two calls](console-overview.png)

![One call with its ladder, and a button to hang up](console-call.png)

## How it answers
- JSON. Times are ISO 8601 in UTC; a length of time has its unit in its name.
- A list has \`items\` and, where there is more, \`next\`: give it back as \`cursor\`. Each request reads a bounded number of
  records, so a page may have fewer items than \`limit\`; where a filter stopped for that, \`searchedUntil\` says how far back
  it looked, and \`next\` looks further. Lists are read from indexes that may be a second late.
- Each answer has an \`ETag\`: asked again with \`If-None-Match\`, what has not changed is answered 304.
- A call is named by its \`id\`, since its Call-ID may come again. \`callId\` finds calls by the beginning of theirs.
- What a query does not know is refused, so that a misspelt filter does not find too much.

## Routes
${table(['route', 'what', 'query'], all.filter(({ role }) => role === 'viewer').map(rowOf))}

## What operators do
Each is kept with who, when and why, shown by \`GET /v1/audit\` for 30 days, and told on the bus
([operator.acted](events.md#operatoracted)). \`reason\` is asked for everywhere: in the body, of a DELETE in the query. Each is
harmless twice: \`changed\` says whether it was so already, and the same \`Idempotency-Key\` gets the same answer for a day.
\`effect\` says what will happen, and when.

${table(['route', 'what', 'takes'], all.filter(({ role }) => role === 'operator').map(rowOf))}

An order of the pool goes before its policy: paused, nothing is started or drained; an override raises what is kept free, and
sets the maximum, also above \`poolMax\`; of reservations that overlap the largest counts, and a reservation counts from its
time on, less what a start takes. The fleet function looks at the pool at once.

## What gateways tell
Not below \`/v1\`, but below \`${gatewayDoor}\`, by Basic credentials that each gateway has of its own
([sipmediagw.md](sipmediagw.md#how-its-media-went)). Who has them can tell of that gateway's calls, and ask nothing.

${table(
  ['route', 'what'],
  all
    .filter(({ role }) => role === 'gateway')
    .map(rowOf)
    .map(([route = '', what = '']) => [route, what]),
)}

\`result\` is \`joined\` (it stands in the record of the call \`id\`), \`known\` (it did before) or \`empty\` (it says nothing of any
stream, as that of a gateway that had no call).

## What goes wrong
Errors are \`application/problem+json\` (RFC 9457); \`type\` is \`urn:switchroom:problem:\` and one of these. What API Gateway
refuses itself (no token, no right, too many requests) is \`{"message": …}\` with 401, 403 or 429.

${table(
  ['type', 'status', 'means'],
  Object.entries(problems).map(([type, [status, meaning]]) => [`\`${type}\``, String(status), meaning]),
)}

\`detail\` says more of this one request, for people; where it is about what was asked, \`code\` says the same for programs. An
action that had nothing to do has such a \`code\` as well.

${table(
  ['code', 'means'],
  Object.entries(answerCodes).map(([code, meaning]) => [`\`${code}\``, meaning]),
)}
`;
}
