import { readFileSync } from 'node:fs';

/*
 * Reads Vitest's JSON report and says how many tests passed and failed, in one line for CI. Fails where one failed,
 * or where none ran.
 */

interface Report {
  numPassedTests: number;
  numFailedTests: number;
  success: boolean;
  testResults: { status: string; assertionResults: unknown[] }[];
}

const [file] = process.argv.slice(2);
if (file === undefined) throw new Error('which report?');
const text = readFileSync(file, 'utf8');
if (text === '') {
  console.error('no test ran: Vitest has written no report');
  console.log('0 passed, 0 failed');
  process.exit(1);
}
const report = JSON.parse(text) as Report;
// A file that could not even be loaded has no tests to fail.
const brokenFiles = report.testResults.filter(
  ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
).length;
const failed = report.numFailedTests + brokenFiles;
console.log(`${report.numPassedTests} passed, ${failed} failed`);
if (failed > 0 || !report.success || report.numPassedTests === 0) process.exitCode = 1;
