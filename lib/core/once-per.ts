/** A pure function of an object that nobody changes, worked out once for each: configured kinds live as long as the process. */
export function oncePer<Key extends object, Value extends object>(make: (key: Key) => Value): (key: Key) => Value {
  const made = new WeakMap<Key, Value>();
  return (key) => {
    const known = made.get(key);
    if (known !== undefined) return known;
    const value = make(key);
    made.set(key, value);
    return value;
  };
}

/** A pure function of a text, worked out once for each of the `most` texts that came last. */
export function oncePerText<Value>(most: number, make: (text: string) => Value): (text: string) => Value {
  const made = new Map<string, Value>();
  return (text) => {
    const known = made.get(text);
    // What was worked out may be undefined.
    if (known !== undefined || made.has(text)) return known as Value;
    const value = make(text);
    made.set(text, value);
    // A Map keeps the order in which it was filled.
    const [oldest] = made.keys();
    if (made.size > most && oldest !== undefined) made.delete(oldest);
    return value;
  };
}
