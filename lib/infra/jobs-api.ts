import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import {
  HttpApi,
  HttpMethod,
  type HttpRoute,
  HttpStage,
  type IHttpRouteAuthorizer,
  LogGroupLogDestination,
} from 'aws-cdk-lib/aws-apigatewayv2';
import {
  HttpIamAuthorizer,
  HttpJwtAuthorizer,
  HttpLambdaAuthorizer,
  HttpLambdaResponseType,
} from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { env } from '../env.ts';
import type { HandlerFunction } from './handler-function.ts';

/**
 * How callers prove who they are, and who then owns their jobs: the account and role or user (`iam`), `iss#sub` (`jwt`), or
 * `context.owner` of a Lambda authorizer with simple responses. `ownerClaim` names another claim or context key.
 */
export type ApiAuth =
  | { type: 'iam' }
  | { type: 'jwt'; issuer: string; audience: string[]; ownerClaim?: string }
  | { type: 'tokenAuthorizer'; authorizer: IFunction; ownerClaim?: string; cacheSeconds?: number };

export type JobsApiProps = {
  auth: ApiAuth;
  throttle: { ratePerSecond: number; burst: number };
  logRetention: RetentionDays;
  /** Where callers reach it, when that is not API Gateway's own address; without a slash at the end. */
  publicUrl?: string | undefined;
};

/** Which function serves which route. */
export const routes = {
  start: [
    [HttpMethod.POST, '/v1/jobs'],
    [HttpMethod.POST, '/v1/doctor'],
  ],
  status: [
    [HttpMethod.GET, '/v1/jobs'],
    [HttpMethod.GET, '/v1/jobs/{job_id}'],
    [HttpMethod.GET, '/v1/events'],
    [HttpMethod.GET, '/v1/kinds'],
    [HttpMethod.GET, '/v1/openapi.json'],
    [HttpMethod.GET, '/health'],
  ],
  cancel: [[HttpMethod.POST, '/v1/jobs/{job_id}/cancel']],
  mcp: [[HttpMethod.POST, '/mcp']],
} as const;

const accessLog = {
  request_id: '$context.requestId',
  route: '$context.routeKey',
  status: '$context.status',
  response_ms: '$context.responseLatency',
  integration_ms: '$context.integrationLatency',
  integration_error: '$context.integrationErrorMessage',
  authorizer_error: '$context.authorizer.error',
  error: '$context.error.message',
  source_ip: '$context.identity.sourceIp',
  user_agent: '$context.identity.userAgent',
};

/** The HTTP API: every route authorised, throttled and logged. */
export class JobsApi extends Construct {
  readonly api: HttpApi;
  /** Without a slash at the end. */
  readonly url: string;
  /** A line for every request. */
  readonly log: LogGroup;
  readonly #routes: HttpRoute[] = [];
  readonly #auth: ApiAuth;
  readonly #authorizer: IHttpRouteAuthorizer;

  constructor(scope: Construct, id: string, props: JobsApiProps) {
    super(scope, id);
    this.#auth = props.auth;
    this.#authorizer = authorizerOf(props.auth);
    this.api = new HttpApi(this, 'Api', { createDefaultStage: false, description: 'untildone: jobs' });
    this.url = props.publicUrl ?? this.api.apiEndpoint;
    this.log = new LogGroup(this, 'AccessLog', {
      retention: props.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    new HttpStage(this, 'Stage', {
      httpApi: this.api,
      stageName: '$default',
      autoDeploy: true,
      throttle: { rateLimit: props.throttle.ratePerSecond, burstLimit: props.throttle.burst },
      accessLogSettings: {
        destination: new LogGroupLogDestination(this.log),
        format: AccessLogFormat.custom(JSON.stringify(accessLog)),
      },
    });
  }

  /** Serves the routes of a function by it. */
  serve(name: keyof typeof routes, fn: HandlerFunction): void {
    fn.tell({
      [env.apiAuth]: this.#auth.type,
      ...('ownerClaim' in this.#auth && this.#auth.ownerClaim !== undefined
        ? { [env.ownerClaim]: this.#auth.ownerClaim }
        : {}),
    });
    const integration = new HttpLambdaIntegration(`${name}Integration`, fn.fn);
    for (const [method, path] of routes[name])
      this.#routes.push(...this.api.addRoutes({ path, methods: [method], integration, authorizer: this.#authorizer }));
  }

  /** Tells a function where callers reach the API: descriptors and announcements carry links. */
  tellAddress(fn: HandlerFunction): void {
    fn.tell({ [env.baseUrl]: this.url });
  }

  /** Lets somebody call every route; only for `iam`. */
  grantInvoke(grantee: IGrantable): void {
    grantee.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({
        actions: ['execute-api:Invoke'],
        resources: [this.api.arnForExecuteApi('*', '/*', '$default')],
      }),
    );
  }
}

function authorizerOf(auth: ApiAuth): IHttpRouteAuthorizer {
  switch (auth.type) {
    case 'iam':
      return new HttpIamAuthorizer();
    case 'jwt':
      return new HttpJwtAuthorizer('Jwt', auth.issuer, { jwtAudience: auth.audience });
    case 'tokenAuthorizer':
      return new HttpLambdaAuthorizer('Token', auth.authorizer, {
        responseTypes: [HttpLambdaResponseType.SIMPLE],
        resultsCacheTtl: Duration.seconds(auth.cacheSeconds ?? 300),
      });
  }
}
