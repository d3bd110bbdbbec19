import { apiEventSource, type OperatorFact, operatorFactSchema } from '../../contracts/operator-fact.ts';

/* The section of docs/events.md about what operators do. */

const example: OperatorFact = {
  version: 1,
  id: '5a1e7f0c9b3d2468',
  type: 'operator.acted',
  at: Date.UTC(2026, 10, 27, 9, 2, 0),
  who: 'alice@example.org',
  action: 'override',
  subject: 'pool',
  reason: 'board meeting',
  details: { minFree: 10, until: '2026-11-27T12:00:00.000Z' },
};

export function operatorSection(): string {
  const actions = operatorFactSchema.shape.action.options.map((action) => `\`${action}\``).join(', ');
  return `## operator.acted
Somebody who runs the service has done something by [the API](api.md). Its source is \`${apiEventSource}\`, and it is of no
edge: it has no \`edgeId\`. \`action\` is one of ${actions}; \`subject\` is a Call-ID, a username, an edge, \`pool\` or the id of a
reservation; \`details\` are the numbers and times that were asked for. A rule of the stack lets the fleet look at the pool.

\`\`\`json
${JSON.stringify(operatorFactSchema.parse(example), null, 2)}
\`\`\`
`;
}
