import { actionReads, actions } from './actions.ts';
import { gatewayRoutes } from './gateway-routes.ts';
import { reads } from './routes.ts';

/** All routes, by the id of their operation. */
export const routes = { ...reads, ...actionReads, ...actions, ...gatewayRoutes };
