import { ConfigError } from '../core/errors.ts';

type Credentials = { accessKeyId: string; secretAccessKey: string; sessionToken?: string };

/**
 * Stands in bundles for the SDK's `@aws-sdk/credential-provider-node`, whose name it has: Lambda puts the credentials of a
 * function's role into its environment, and a function looks nowhere else, be it a profile, SSO, a process or a metadata
 * server. Rejects with ConfigError when they are not there.
 */
export const defaultProvider = () => async (): Promise<Credentials> => {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = process.env;
  if (!AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY)
    throw new ConfigError(
      'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set; Lambda sets them, and elsewhere they must be given: a function takes credentials from its environment alone',
    );
  return {
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    ...(AWS_SESSION_TOKEN ? { sessionToken: AWS_SESSION_TOKEN } : {}),
  };
};
