import { describe, expect, it } from 'vitest';
import { AwsError } from '../../../../local/aws/http/errors.ts';
import { readQuery } from '../../../../local/aws/http/query.ts';

describe('a form of the query protocol', () => {
  it('is read into objects and lists', () => {
    const read = readQuery('Action=Do&Version=1&A.B=1&C.member.1=x&C.member.2=y&D.member.1.E=z');
    expect(read).toMatchObject({ action: 'Do', version: '1' });
    expect(JSON.parse(JSON.stringify(read.parameters))).toEqual({
      A: { B: '1' },
      C: ['x', 'y'],
      D: [{ E: 'z' }],
    });
  });

  it.each(['__proto__.polluted=1', 'constructor.prototype.polluted=1', 'A.__proto__.polluted=1'])(
    'changes nothing but itself: %s',
    (field) => {
      readQuery(`Action=Do&${field}`);
      expect(({} as { polluted?: string }).polluted).toBeUndefined();
    },
  );

  it.each(['0', '-1', '1001', '1e9', 'x'])('is refused with a member %s', (member) => {
    expect(() => readQuery(`Action=Do&A.member.${member}=1`)).toThrow(AwsError);
  });
});
