import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';

interface Graph extends cloudwatch.GraphWidgetProps {
  /** Of the left axis. */
  label?: string;
}

/** A graph from 0 on. @param width of 24 columns */
export const graph = (title: string, width: number, { label, ...props }: Graph) =>
  new cloudwatch.GraphWidget({
    title,
    width,
    leftYAxis: { min: 0, ...(label !== undefined && { label }), showUnits: false },
    ...props,
  });
