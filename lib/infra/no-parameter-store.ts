/** What bundles have as `@aws-sdk/client-ssm` where the configuration has no secret in Parameter Store. */
export class SSMClient {
  send(): Promise<never> {
    return Promise.reject(new Error('no secret of the configuration is in Parameter Store'));
  }
}

/** Never sent. */
export class GetParameterCommand {}
