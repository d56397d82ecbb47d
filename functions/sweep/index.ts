export const handler = () => 'sweep';
