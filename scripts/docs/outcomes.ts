import { causeMeanings, outcomes, sipAnswer } from '../../contracts/outcomes.ts';
import { dropped, refusals } from '../../contracts/refusals.ts';
import { table } from './table.ts';

/** @returns docs/outcomes.md */
export function outcomesPage(): string {
  const answered = outcomes.map((outcome) => {
    const { status, phrase, retry, meaning } = sipAnswer(outcome);
    return [`\`${outcome}\``, meaning, answerText(status, phrase, retry)];
  });
  const refused = Object.entries(refusals).map(([word, { status, phrase, retry, meaning }]) => [
    `\`${word}\``,
    meaning,
    answerText(status, phrase, retry ?? false),
  ]);
  const silent = Object.entries(dropped).map(([word, meaning]) => [`\`${word}\``, meaning]);
  const causes = Object.entries(causeMeanings).map(([word, meaning]) => [`\`${word}\``, meaning]);
  return `# Every word of an answer
Each refusal carries \`Reason: SIP;cause=STATUS;text="WORD: CAUSE; id=CALL-ID"\`. The same word stands in the log, in the
metrics and in the call's record. This page is made from contracts/outcomes.ts and contracts/refusals.ts by \`npm run docs\`.

## How a call ended
These calls were let in: each has a record, which \`npx switchroom call CALL-ID\` shows.

${table(['word', 'what happened', 'SIP answer'], answered)}

\`gateway-lost\` and \`edge-lost\` usually end a call that was answered: then both sides get a BYE.

## Why no gateway could be given
The cause after \`pool-exhausted\` and \`start-timeout\`.

${table(['cause', 'what it means'], causes)}

## What is refused at the door
The edge refuses these before there is a call, or answers a REGISTER so. There is no record: look for the Call-ID in the
edge's log (\`outcome\` is the word).

${table(['word', 'what was wrong', 'SIP answer'], refused)}

## What gets no answer
In the log only at level debug: a line for each packet of a flood would be a second flood.

${table(['word', 'what is dropped'], silent)}
`;
}

const answerText = (status: number, phrase: string, retry: boolean) =>
  `${status} ${phrase}${retry ? ', Retry-After' : ''}`;
