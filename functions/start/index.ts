export const handler = () => 'start';
