export const handler = () => 'poll';
