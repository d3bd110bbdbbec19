import { describe, expect, it } from 'vitest';
import { resourceTypes } from '../../../../local/aws/resource-types.ts';
import { type JsonObject, resolveTemplate, type Template } from '../../../../local/aws/template.ts';

const resolve = (Resources: Template['Resources'], more: Omit<Template, 'Resources'> = {}) =>
  resolveTemplate('Test', { Resources, ...more }, resourceTypes('Test'));

/** A placeholder of Fn::Sub. */
const place = (name: string) => `\${${name}}`;

/** What an expression becomes as the property of some resource. */
function resolvedValue(expression: JsonObject): unknown {
  const { resources } = resolve({
    Table: { Type: 'AWS::DynamoDB::Table' },
    Bus: { Type: 'AWS::Events::EventBus', Properties: { Name: 'facts' } },
    Holder: { Type: 'AWS::IAM::Policy', Properties: { value: expression } },
  });
  return resources.find(({ logicalId }) => logicalId === 'Holder')?.properties.value;
}

describe('a template resolved', () => {
  it.each<[string, JsonObject, unknown]>([
    ['Ref of a resource without a name', { Ref: 'Table' }, 'Test-Table'],
    ['Ref of a named resource', { Ref: 'Bus' }, 'facts'],
    ['Ref of a pseudo parameter', { Ref: 'AWS::Region' }, 'us-east-1'],
    [
      'Fn::GetAtt',
      { 'Fn::GetAtt': ['Table', 'Arn'] },
      'arn:aws:dynamodb:us-east-1:000000000000:table/Test-Table',
    ],
    ['Fn::GetAtt as text', { 'Fn::GetAtt': 'Bus.Name' }, 'facts'],
    ['Fn::Join', { 'Fn::Join': ['/', ['a', { Ref: 'Bus' }, 'c']] }, 'a/facts/c'],
    ['Fn::Select of Fn::Split', { 'Fn::Select': [1, { 'Fn::Split': [':', 'a:b:c'] }] }, 'b'],
    [
      'Fn::Sub',
      { 'Fn::Sub': [place('AWS::AccountId'), place('Bus'), place('Table.Arn'), place('!Bus')].join('.') },
      expect.stringMatching(/^0{12}\.facts\.arn:.*\.\$\{Bus\}$/),
    ],
    [
      'Fn::Sub with variables',
      { 'Fn::Sub': [`${place('x')}-${place('Bus')}`, { x: { Ref: 'Table' } }] },
      'Test-Table-facts',
    ],
    ['something deep', { a: [{ b: { Ref: 'Bus' } }] }, { a: [{ b: 'facts' }] }],
  ])('%s', (_what, expression, value) => {
    expect(resolvedValue(expression)).toEqual(value);
  });

  it('takes the defaults of parameters, and gives outputs', () => {
    const { outputs } = resolve(
      {},
      { Parameters: { Size: { Default: 3 } }, Outputs: { Size: { Value: { Ref: 'Size' } } } },
    );
    expect(outputs).toEqual({ Size: '3' });
  });

  it.each<[string, Template['Resources'], RegExp]>([
    ['resource type', { Disk: { Type: 'AWS::EC2::Volume' } }, /AWS::EC2::Volume \(Disk\)/],
    [
      'attribute',
      {
        T: { Type: 'AWS::DynamoDB::Table' },
        P: { Type: 'AWS::IAM::Policy', Properties: { a: { 'Fn::GetAtt': ['T', 'StreamArn'] } } },
      },
      /StreamArn of AWS::DynamoDB::Table \(T\)/,
    ],
    [
      'intrinsic function',
      { P: { Type: 'AWS::IAM::Policy', Properties: { deep: [{ 'Fn::Cidr': ['10.0.0.0/8', 1, 8] }] } } },
      /P\.deep\[0\].*Fn::Cidr/,
    ],
    ['reference', { P: { Type: 'AWS::IAM::Policy', Properties: { a: { Ref: 'Nobody' } } } }, /Nobody/],
    ['condition', { P: { Type: 'AWS::IAM::Policy', Condition: 'Sometimes' } }, /P: .*conditions/],
  ])('names an unknown %s instead of skipping it', (_what, resources, message) => {
    expect(() => resolve(resources)).toThrow(message);
  });
});
