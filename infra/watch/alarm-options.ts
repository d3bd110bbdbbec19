import type { AlarmProps } from 'aws-cdk-lib/aws-cloudwatch';

/** Unless told otherwise: at least the threshold, once; nothing measured is nothing wrong. */
export type AlarmOptions = Pick<AlarmProps, 'metric' | 'threshold'> &
  Partial<AlarmProps> & {
    /** What is wrong, and what to do (docs/operate.md says more). */
    says: string;
  };
