import { Component, createElement, type FunctionComponent } from "preact";

/** A component that is drawn anew only when one of its properties is another one (or a signal that it read changed). */
export function memo<P extends object>(inner: FunctionComponent<P>): new () => Component<P> {
  return class extends Component<P> {
    override shouldComponentUpdate(next: P): boolean {
      return (Object.keys(next) as (keyof P)[]).some((name) => next[name] !== this.props[name]);
    }
    override render() {
      return createElement(inner, this.props);
    }
  };
}
