/**
 * Stands in bundles for the SDK's `@aws-sdk/endpoint-cache`, whose name it has: DynamoDB's client makes one, with a cache library behind it (8 KB),
 * for endpoint discovery, which none of its commands takes part in any more.
 */
export class EndpointCache {}
