export const handler = () => 'deliver';
