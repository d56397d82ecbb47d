/** Stands in bundles for the SDK's `@aws-sdk/client-secrets-manager` where no secret is in Secrets Manager: never asked, it rejects. */
export class SecretsManagerClient {
  send(): Promise<never> {
    return Promise.reject(new Error('no secret of the configuration is in Secrets Manager'));
  }
}

/** What would be sent to it. */
export class GetSecretValueCommand {}
export class PutSecretValueCommand {}
