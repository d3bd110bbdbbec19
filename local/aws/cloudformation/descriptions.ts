import type { XmlValue } from '../http/xml.ts';
import { type ChangeSet, noChanges } from './change-sets.ts';
import type { ChangeDetail, ResourceChange } from './changes.ts';
import type { ResourceState, Stack, StackEvent } from './stack.ts';

/* The answers' parts, as the CloudFormation API Reference names them. */

type Described = Record<string, XmlValue>;

const parametersOf = (parameters: Readonly<Record<string, string>> = {}): Described[] =>
  Object.entries(parameters).map(([ParameterKey, ParameterValue]) => ({ ParameterKey, ParameterValue }));

const tagsOf = (tags: readonly { Key: string; Value: string }[] = []): Described[] =>
  tags.map(({ Key, Value }) => ({ Key, Value }));

export function describeStack(stack: Stack): Described {
  const { deployment } = stack;
  return {
    StackId: stack.id,
    StackName: stack.name,
    Description: stack.description,
    ChangeSetId: stack.changeSetId,
    CreationTime: stack.createdAt,
    LastUpdatedTime: stack.changedAt,
    DeletionTime: stack.deletedAt,
    StackStatus: stack.status,
    StackStatusReason: stack.statusReason,
    DisableRollback: false,
    EnableTerminationProtection: stack.isProtected,
    Parameters: parametersOf(deployment?.parameters),
    Tags: tagsOf(deployment?.tags),
    Outputs: Object.entries(stack.outputs).map(([OutputKey, OutputValue]) => ({
      OutputKey,
      OutputValue,
      Description: deployment?.template.Outputs?.[OutputKey]?.Description,
    })),
    DriftInformation: { StackDriftStatus: 'NOT_CHECKED' },
  };
}

export const describeEvent =
  (stack: Stack) =>
  ({ id, at, logicalId, physicalId, type, status, reason }: StackEvent): Described => ({
    StackId: stack.id,
    StackName: stack.name,
    EventId: id,
    Timestamp: at,
    LogicalResourceId: logicalId,
    PhysicalResourceId: physicalId,
    ResourceType: type,
    ResourceStatus: status,
    ResourceStatusReason: reason,
  });

export const describeResource = ({
  logicalId,
  physicalId,
  type,
  status,
  reason,
}: Omit<ResourceState, 'at'>): Described => ({
  LogicalResourceId: logicalId,
  PhysicalResourceId: physicalId,
  ResourceType: type,
  ResourceStatus: status,
  ResourceStatusReason: reason,
});

function describeDetail({ attribute, name, requiresRecreation, causedBy }: ChangeDetail): Described {
  const target = { Attribute: attribute, Name: name, RequiresRecreation: requiresRecreation };
  if (!causedBy) return { Target: target, Evaluation: 'Static', ChangeSource: 'DirectModification' };
  const { logicalId, attribute: of } = causedBy;
  return {
    Target: target,
    Evaluation: 'Dynamic',
    ChangeSource: of === undefined ? 'ResourceReference' : 'ResourceAttribute',
    CausingEntity: of === undefined ? logicalId : `${logicalId}.${of}`,
  };
}

const describeChange =
  (stack: Stack) =>
  ({ action, logicalId, type, replacement, details }: ResourceChange): Described => ({
    Type: 'Resource',
    ResourceChange: {
      Action: action,
      LogicalResourceId: logicalId,
      PhysicalResourceId: stack.resources.find((one) => one.logicalId === logicalId)?.physicalId,
      ResourceType: type,
      Replacement: replacement,
      Scope: [...new Set(details.map(({ attribute }) => attribute))],
      Details: details.map(describeDetail),
    },
  });

export function summarizeChangeSet(changeSet: ChangeSet): Described {
  const { stack, status } = changeSet;
  return {
    StackId: stack.id,
    StackName: stack.name,
    ChangeSetId: changeSet.id,
    ChangeSetName: changeSet.name,
    Description: changeSet.description,
    CreationTime: changeSet.createdAt,
    Status: status,
    StatusReason: status === 'FAILED' ? noChanges : undefined,
    ExecutionStatus: changeSet.executionStatus,
  };
}

export function describeChangeSet(changeSet: ChangeSet): Described {
  const { stack, deployment } = changeSet;
  return {
    ...summarizeChangeSet(changeSet),
    Parameters: parametersOf(deployment.parameters),
    Tags: tagsOf(deployment.tags),
    Changes: changeSet.changes.map(describeChange(stack)),
  };
}
