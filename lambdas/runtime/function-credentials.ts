/**
 * Takes the place of `@aws-sdk/credential-provider-node` in the functions' bundles (scripts/build.ts): Lambda gives a
 * function its credentials in these variables and nowhere else, so the code that looks for profiles, SSO and
 * instance metadata would only make each cold start longer (90 kB of 500). They are read once: the SDK asks several times
 * for each request, and they stay what they are as long as the function's environment lives.
 */
export const defaultProvider = () => {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = process.env;
  const credentials =
    AWS_ACCESS_KEY_ID && AWS_SECRET_ACCESS_KEY
      ? {
          accessKeyId: AWS_ACCESS_KEY_ID,
          secretAccessKey: AWS_SECRET_ACCESS_KEY,
          ...(AWS_SESSION_TOKEN && { sessionToken: AWS_SESSION_TOKEN }),
        }
      : undefined;
  return async () => {
    if (credentials) return credentials;
    throw new Error('no AWS credentials in the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)');
  };
};
