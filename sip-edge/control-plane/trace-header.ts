import type { LambdaClient } from '@aws-sdk/client-lambda';

/** The header by which AWS services hand a trace on (X-Ray developer guide, "Tracing header"). */
const headerName = 'X-Amzn-Trace-Id';

/**
 * Lets Invoke requests carry a trace header, for which the SDK has no parameter. Once for each client: a middleware of
 * each command would make the SDK build its chain anew for each call.
 * @param headerOf gives the header of the input of a command, where it has one
 */
export function sendTraceHeaders(
  client: LambdaClient,
  headerOf: (input: object) => string | undefined,
): void {
  client.middlewareStack.add(
    (next) => (args) => {
      const header = headerOf(args.input);
      const { headers } = args.request as { headers?: Record<string, string> };
      if (header !== undefined && headers !== undefined) headers[headerName] = header;
      return next(args);
    },
    { step: 'build', name: 'callTraceHeader' },
  );
}
