/*
 * The table "may import" of docs/architecture.md, as `npm run check` keeps it. test/import-rules.test.ts shows that a
 * forbidden import and a circle fail.
 */

const ours = [
  'aws-client',
  'bench',
  'cli',
  'command-line',
  'console',
  'contracts',
  'gateway',
  'infra',
  'lab',
  'lambdas',
  'local',
  'scripts',
  'sip',
  'sip-edge',
  'test',
];

/** Folder to the folders of ours that it may import beside itself. `bench`, `lab`, `scripts` and `test` import anything. */
const mayImport = {
  // How this project uses the SDK, wherever it does.
  'aws-client': [],
  contracts: [],
  // The page for those who run it: the API is its only way in.
  console: ['contracts'],
  sip: [],
  'lambdas/domain': ['contracts'],
  'lambdas/store': ['contracts', 'lambdas/domain'],
  'lambdas/usecases': ['contracts', 'lambdas/domain', 'lambdas/store'],
  // What a function runs in: SDK clients, environment, logs, metrics.
  'lambdas/runtime': ['aws-client', 'contracts', 'lambdas/domain'],
  'lambdas/functions': ['contracts', 'lambdas'],
  'sip-edge': ['aws-client', 'contracts', 'sip'],
  infra: ['contracts'],
  gateway: [],
  // How a command reads its options, says what is wrong, and finds a run on this machine.
  'command-line': ['aws-client'],
  // The call command places its call by the user agent.
  cli: ['command-line', 'contracts', 'sip', 'local/user-agent'],
  local: ['aws-client', 'command-line', 'contracts', 'sip'],
};

/** @param {readonly string[]} folders @returns a pattern of the files in them */
const inside = (folders) => `^(${folders.join('|')})/`;

const layers = Object.entries(mayImport).map(([folder, others]) => ({
  name: `imports-of-${folder.replace('/', '-')}`,
  comment: `${folder}/ may import of ours only itself${others.map((other) => `, ${other}/`).join('')}.`,
  severity: 'error',
  from: { path: inside([folder]) },
  to: { path: inside(ours), pathNot: inside([folder, ...others]) },
}));

export default {
  forbidden: [
    ...layers,
    {
      name: 'one-function-knows-no-other',
      comment: 'What two functions share stands in lambdas/usecases/.',
      severity: 'error',
      from: { path: '^lambdas/functions/([^/]+)/' },
      to: { path: '^lambdas/functions/', pathNot: '^lambdas/functions/$1/' },
    },
    {
      name: 'no-sdk-in-decisions',
      comment: 'contracts/ and lambdas/domain/ know no SDK and no framework.',
      severity: 'error',
      from: { path: inside(['contracts', 'lambdas/domain', 'sip']) },
      to: { path: 'node_modules/(@aws-|@smithy|@middy|aws-cdk|constructs|drachtio-srf)' },
    },
    {
      name: 'console-knows-types-alone',
      comment: 'A value of contracts/ would bring its schemas, and their library, into the page.',
      severity: 'error',
      from: { path: inside(['console']) },
      to: { path: inside(['contracts']), dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-circle',
      comment: 'Each of the files in a circle can only be understood with all the others.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-missing-file',
      comment: 'The import names a file or package that is not there.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    // dependency-cruiser reads TypeScript up to version 6 through `typescript` itself; we have 7.
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|cdk\\.out|\\.switchroom)' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
