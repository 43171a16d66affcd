const files = import.meta.glob<string>('./built-in/*.yaml', {
  query: '?raw',
  import: 'default',
  eager: true,
});

/** The surveys that come with the program, by name: each a file as a person would write it. */
export const builtInSurveys: ReadonlyMap<string, string> = new Map(
  Object.entries(files).map(([path, text]) => [path.replace(/^.*\/|\.yaml$/g, ''), text]),
);
