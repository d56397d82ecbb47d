export const handler = () => 'status';
