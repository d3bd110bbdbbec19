import * as z from 'zod';
import { mediaReportResults, mediaReportSchema } from '../media-report.ts';
import type { Route } from './routes.ts';

/** What gateways tell: SIPMediaGW by its LOG_PUSH_URL. */
export const gatewayRoutes = {
  reportMedia: {
    method: 'post',
    path: '/media-reports',
    summary: 'A gateway tells how the media of its call went: packets, losses and jitter',
    role: 'gateway',
    body: mediaReportSchema,
    answer: z
      .object({
        result: z.enum(mediaReportResults),
        id: z.string().optional().meta({ description: 'The call that it was joined to' }),
      })
      .meta({ id: 'MediaReportAnswer' }),
    problems: ['not-found', 'conflict', 'too-large'],
  },
} as const satisfies Record<string, Route>;
