import { type Duration, RemovalPolicy } from 'aws-cdk-lib';
import { type IRole, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  ApplicationLogLevel,
  Architecture,
  Function as LambdaFunction,
  LoggingFormat,
  RecursiveLoop,
  Runtime,
  SystemLogLevel,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { ShippedConfiguration } from '../aws/shipped-configuration.ts';
import { functionCode } from './function-code.ts';
import type { FunctionName } from './function-names.ts';

/** What all functions of a deployment share. */
export type FunctionDefaults = {
  shipped: ShippedConfiguration;
  logRetention: RetentionDays;
  /** Names the deployment in logs and metrics. */
  service: string;
};

export type HandlerFunctionProps = FunctionDefaults & {
  name: FunctionName;
  description: string;
  timeout: Duration;
  /** True for who sends to the queue it is fed from: Lambda stops such loops after about 16 rounds otherwise. */
  feedsItself?: boolean;
  reservedConcurrency?: number | undefined;
};

/** One function of `functions/`, with a role that may write its own log and nothing else until something is granted. */
export class HandlerFunction extends Construct {
  readonly fn: LambdaFunction;
  readonly role: IRole;
  readonly logGroup: LogGroup;
  readonly timeout: Duration;

  constructor(scope: Construct, id: string, props: HandlerFunctionProps) {
    super(scope, id);
    this.timeout = props.timeout;
    this.logGroup = new LogGroup(this, 'Log', {
      retention: props.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    // A role of our own: the usual managed policy may write every log of the account.
    this.role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: `untildone ${props.name}: ${props.description}`,
    });
    this.fn = new LambdaFunction(this, 'Function', {
      description: `untildone ${props.name}: ${props.description}`,
      code: functionCode(props.name, props.shipped),
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: 256,
      timeout: props.timeout,
      role: this.role,
      logGroup: this.logGroup,
      loggingFormat: LoggingFormat.JSON,
      // A start and a report line for every invocation cost more than most checks do.
      systemLogLevelV2: SystemLogLevel.WARN,
      applicationLogLevelV2: ApplicationLogLevel.INFO,
      recursiveLoop: props.feedsItself === true ? RecursiveLoop.ALLOW : RecursiveLoop.TERMINATE,
      ...(props.reservedConcurrency === undefined ? {} : { reservedConcurrentExecutions: props.reservedConcurrency }),
      // Nothing invokes them but queues, the API and a schedule, which all come again.
      retryAttempts: 0,
      environment: { POWERTOOLS_SERVICE_NAME: props.service },
    });
    this.allow(['logs:CreateLogStream', 'logs:PutLogEvents'], [this.logGroup.logGroupArn]);
  }

  /** Grants actions on resources, and tells the function of them: a grant and its variables go together. */
  allow(actions: string[], resources: string[], variables: Record<string, string> = {}): void {
    this.fn.addToRolePolicy(new PolicyStatement({ actions, resources }));
    this.tell(variables);
  }

  /** Sets variables that name nothing to be granted. */
  tell(variables: Record<string, string>): void {
    for (const [name, value] of Object.entries(variables)) this.fn.addEnvironment(name, value);
  }
}
