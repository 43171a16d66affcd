/**
 * The languages that an Accept-Language header names (RFC 9110, section 12.5.4), as BCP 47 tags in lower case, those wanted most
 * first. What is no tag with a weight is left out.
 */
export function acceptedLanguages(header: string | undefined): string[] {
  const ranges = (header ?? '').toLowerCase().split(',');
  return ranges
    .flatMap((range) => {
      const [, tag = '', weight = '1'] =
        /^\s*([a-z]{1,8}(?:-[a-z\d]{1,8})*)\s*(?:;\s*q=([01](?:\.\d{0,3})?)\s*)?$/.exec(range) ?? [];
      return tag === '' || Number(weight) === 0 ? [] : [{ tag, weight: Number(weight) }];
    })
    .sort((one, other) => other.weight - one.weight)
    .map(({ tag }) => tag);
}
