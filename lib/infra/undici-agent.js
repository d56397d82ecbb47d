// What bundles see as undici: its agent alone.
export { default as Agent } from 'undici/lib/dispatcher/agent.js';
