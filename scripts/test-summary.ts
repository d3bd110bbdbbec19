import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

/*
 * Reads Vitest's JSON report, and the status that Vitest exited with, and says how many tests passed, failed and were skipped. The last line is for CI; what it
 * counts beside tests that failed stands before it. Fails where one failed, or where none ran.
 */

interface Report {
  testResults: {
    name: string;
    status: string;
    message: string;
    assertionResults: { status: string; fullName: string }[];
  }[];
}

const [file, exitStatus] = process.argv.slice(2);
if (file === undefined || exitStatus === undefined) throw new Error('which report, and which exit status?');
const text = readFileSync(file, 'utf8');
if (text === '') {
  console.error('no test ran: Vitest has written no report');
  console.log('0 passed, 0 failed');
  process.exit(1);
}
const report = JSON.parse(text) as Report;
const suites = report.testResults.map(({ name, status, message, assertionResults: tests }) => {
  const count = (wanted: string) => tests.filter((test) => test.status === wanted).length;
  const [passed, failed] = [count('passed'), count('failed')];
  return {
    name: relative(process.cwd(), name),
    passed,
    failed,
    skipped: tests.length - passed - failed,
    // It could not be loaded, or its set-up failed: no test of it did.
    isBroken: status === 'failed' && failed === 0,
    message,
  };
});
const sum = (numbers: number[]) => numbers.reduce((total, one) => total + one, 0);

const broken = suites.filter(({ isBroken }) => isBroken);
if (broken.length > 0) {
  console.log(`failed suites, each counted as one failed test: ${broken.length}`);
  for (const { name, message } of broken) console.log(`  ${name}: ${message.split('\n')[0]}`);
}
const skipping = suites.filter(({ skipped }) => skipped > 0);
const skipped = sum(skipping.map((suite) => suite.skipped));
if (skipped > 0) {
  console.log(`skipped tests: ${skipped}`);
  for (const suite of skipping) console.log(`  ${suite.name}: ${suite.skipped}`);
}
const passed = sum(suites.map((suite) => suite.passed));
let failed = sum(suites.map((suite) => suite.failed)) + broken.length;
if (exitStatus !== '0' && failed === 0) {
  console.log('errors outside of any test, counted as one failed test: 1');
  failed = 1;
}
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
if (failed > 0 || passed === 0) process.exitCode = 1;
