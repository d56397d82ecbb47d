export const handler = () => 'cancel';
