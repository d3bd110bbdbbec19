import type { Buckets } from '../assets/s3.ts';
import { AwsError } from '../http/errors.ts';
import { type QueryOperation, type QueryService, textIn } from '../http/query.ts';
import type { JsonObject, Template } from '../template.ts';
import type { ChangeSets } from './change-sets.ts';
import { emptyTemplate } from './changes.ts';
import { parseTemplate, templateBody } from './deployment.ts';
import {
  describeChangeSet,
  describeEvent,
  describeResource,
  describeStack,
  summarizeChangeSet,
} from './descriptions.ts';
import type { Stacks } from './stacks.ts';

export interface CloudFormationOptions {
  stacks: Stacks;
  changeSets: ChangeSets;
  buckets: Buckets;
}

const parametersOf = ({ Parameters = {} }: Template) =>
  Object.entries(Parameters).map(([ParameterKey, { Type, Default }]) => ({
    ParameterKey,
    ParameterType: Type,
    DefaultValue: Default === undefined ? undefined : String(Default),
  }));

/** The operations of CloudFormation that deploy, show and delete stacks. */
export function cloudFormation({ stacks, changeSets, buckets }: CloudFormationOptions): QueryService {
  const stackOf = (request: JsonObject) => stacks.get(textIn(request, 'StackName'));

  /** @returns what the stack is made of; empty for one that has a change set and was never made */
  const latestOf = (request: JsonObject) => {
    const { attempted, deployment } = stackOf(request);
    return attempted ?? deployment ?? { body: '{}', template: emptyTemplate };
  };

  /** @returns the template of a request, or of the stack that it names */
  const templateOf = (request: JsonObject) => {
    if (request.StackName === undefined) return parseTemplate(templateBody(request, buckets));
    return latestOf(request).template;
  };

  return {
    prefix: 'cloudformation',
    namespace: 'http://cloudformation.amazonaws.com/doc/2010-05-15/',
    operations: new Map(
      Object.entries<QueryOperation>({
        DescribeStacks: (request) => ({
          Stacks: (request.StackName === undefined ? stacks.all() : [stackOf(request)]).map(describeStack),
        }),
        DescribeStackEvents: (request) => {
          const stack = stackOf(request);
          return { StackEvents: stack.events.map(describeEvent(stack)).reverse() };
        },
        DescribeStackResources: (request) => {
          const stack = stackOf(request);
          return {
            StackResources: stack.resources.map((resource) => ({
              StackId: stack.id,
              StackName: stack.name,
              Timestamp: resource.at,
              ...describeResource(resource),
            })),
          };
        },
        ListStackResources: (request) => ({
          StackResourceSummaries: stackOf(request).resources.map((resource) => ({
            LastUpdatedTimestamp: resource.at,
            ...describeResource(resource),
          })),
        }),
        GetTemplate: (request) => ({
          TemplateBody: latestOf(request).body,
          StagesAvailable: ['Original', 'Processed'],
        }),
        GetTemplateSummary: (request) => {
          const template = templateOf(request);
          return {
            Description: template.Description,
            Parameters: parametersOf(template),
            ResourceTypes: [...new Set(Object.values(template.Resources).map(({ Type }) => Type))],
          };
        },
        ValidateTemplate: (request) => {
          const template = templateOf(request);
          return { Description: template.Description, Parameters: parametersOf(template) };
        },
        CreateChangeSet: (request) => {
          const { id, stack } = changeSets.create(request);
          return { Id: id, StackId: stack.id };
        },
        DescribeChangeSet: (request) => describeChangeSet(changeSets.get(request)),
        ListChangeSets: (request) => ({ Summaries: changeSets.of(stackOf(request)).map(summarizeChangeSet) }),
        ExecuteChangeSet: (request) => {
          if (request.DisableRollback === 'true') {
            throw new AwsError('ValidationError', 'the local CloudFormation always rolls back what fails');
          }
          changeSets.execute(changeSets.get(request));
          return {};
        },
        DeleteChangeSet: (request) => {
          changeSets.delete(request);
          return {};
        },
        UpdateTerminationProtection: (request) => {
          const stack = stackOf(request);
          stack.isProtected = request.EnableTerminationProtection === 'true';
          return { StackId: stack.id };
        },
        DeleteStack: (request) => {
          // Nothing to do where it is gone or going already, as CloudFormation has it.
          const stack = stacks.find(textIn(request, 'StackName'));
          if (!stack || stack.status.startsWith('DELETE_IN') || stack.deletedAt) return {};
          if (stack.busy) {
            throw new AwsError(
              'ValidationError',
              `Stack [${stack.name}] is in ${stack.status} state and can not be deleted`,
            );
          }
          if (stack.isProtected) {
            throw new AwsError(
              'ValidationError',
              `Stack [${stack.name}] cannot be deleted while TerminationProtection is enabled`,
            );
          }
          void stacks.delete(stack);
          return {};
        },
      }),
    ),
  };
}
