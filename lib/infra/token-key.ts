import type { RemovalPolicy } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { env } from '../env.ts';
import { acknowledgeFixedKey } from './acknowledge-findings.ts';
import type { HandlerFunction } from './handler-function.ts';

export type TokenKeyProps = { removalPolicy: RemovalPolicy; encryptionKey?: IKey | undefined };

/** What tokens in the job table are sealed with, made at random when the stack is deployed. It lives as long as the table: without it they are lost. */
export class TokenKey extends Construct {
  readonly secret: Secret;
  readonly #key: IKey | undefined;

  constructor(scope: Construct, id: string, { removalPolicy, encryptionKey }: TokenKeyProps) {
    super(scope, id);
    this.#key = encryptionKey;
    this.secret = new Secret(this, 'Secret', {
      description: 'untildone: seals the OAuth tokens in the job table',
      generateSecretString: { passwordLength: 64, excludePunctuation: true },
      removalPolicy,
      ...(encryptionKey === undefined ? {} : { encryptionKey }),
    });
    acknowledgeFixedKey(this.secret);
  }

  /** Sealing and opening tokens. */
  grantUse(fn: HandlerFunction): void {
    const { secretArn } = this.secret;
    fn.allow(['secretsmanager:GetSecretValue'], [secretArn], { [env.tokenKeyArn]: secretArn });
    if (this.#key !== undefined) fn.allow(['kms:Decrypt'], [this.#key.keyArn]);
  }
}
