import { reads } from './routes.ts';

/** All routes, by the id of their operation. */
export const routes = { ...reads };
