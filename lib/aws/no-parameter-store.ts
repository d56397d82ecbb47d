/** Stands in bundles for the SDK's `@aws-sdk/client-ssm`, the biggest client of all (79 KB), where no secret is in Parameter Store: never asked, it rejects. */
export class SSMClient {
  send(): Promise<never> {
    return Promise.reject(new Error('no secret of the configuration is in Parameter Store'));
  }
}

/** What would be sent to it. */
export class GetParameterCommand {}
