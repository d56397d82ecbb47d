import * as z from 'zod';
import { referencePattern } from './auth-references.ts';

/** A secret is named, never written: `env:NAME`, `file:PATH`, `secretsmanager:ARN[#key]`, `ssm:NAME`. */
export const secretReference = z
  .string()
  .regex(
    referencePattern,
    'must be a reference (env:NAME, file:PATH, secretsmanager:ARN, ssm:NAME); a literal secret is refused',
  );

/** An absolute http(s) URL without credentials and fragment. */
export const httpUrl = z
  .string()
  .max(2048)
  .superRefine((text, context) => {
    const url = URL.parse(text);
    if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:'))
      context.addIssue({ code: 'custom', message: 'must be an absolute http(s) URL' });
    else if (url.username !== '' || url.password !== '')
      context.addIssue({ code: 'custom', message: 'must not carry credentials; put them under auth' });
    else if (url.hash !== '') context.addIssue({ code: 'custom', message: 'must not have a fragment' });
  });

const headerName = z.string().regex(/^[A-Za-z0-9-]{1,64}$/, 'is no header name');

/** No secret: written as it is, or a reference to where it is kept. RFC 6749 appendix A.1. */
const clientId = z
  .string()
  .regex(/^[\x20-\x7e]{1,512}$/, 'must be 1 to 512 printable characters, or a reference to where the id is kept');
/** RFC 6749 appendix A.4. */
const scope = z
  .string()
  .max(1024)
  .regex(/^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/, 'must be scopes between single spaces');

const clientCredentialsSchema = z.strictObject({
  type: z.literal('oauth2-client-credentials'),
  token_url: httpUrl.optional(),
  client_id: clientId,
  client_secret: secretReference,
  scope: scope.optional(),
});

const refreshTokenSchema = z
  .strictObject({
    type: z.literal('oauth2-refresh-token'),
    token_url: httpUrl.optional(),
    client_id: clientId.optional(),
    client_secret: secretReference.optional(),
    refresh_token: secretReference,
    scope: scope.optional(),
  })
  .superRefine((auth, context) => {
    if (auth.client_secret !== undefined && auth.client_id === undefined)
      context.addIssue({
        code: 'custom',
        path: ['client_id'],
        message: 'is missing, and "client_secret" belongs to one; add it, or leave out both',
      });
  });

/** How a connection proves who it is. What is optional under OAuth 2 is discovered (`token_url`) or kept beside the refresh token (`client_id`). */
export const authSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('none') }),
  z.strictObject({ type: z.literal('bearer'), token: secretReference }),
  z.strictObject({ type: z.literal('api-key'), header: headerName, value: secretReference }),
  z.strictObject({ type: z.literal('basic'), username: z.string().min(1).max(256), password: secretReference }),
  clientCredentialsSchema,
  refreshTokenSchema,
]);
export type Auth = z.infer<typeof authSchema>;
export type OauthAuth = z.infer<typeof clientCredentialsSchema> | z.infer<typeof refreshTokenSchema>;
