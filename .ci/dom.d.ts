// What our templates promise and the browser's types cannot know: an element that a selector finds
// in a page of ours is the one that the template has there.
interface ParentNode {
  querySelector(selectors: string): any;
  querySelectorAll(selectors: string): NodeListOf<any>;
}
interface NonElementParentNode {
  getElementById(elementId: string): any;
}
interface Element {
  closest(selectors: string): any;
}
interface Document {
  getElementById(elementId: string): any;
}
interface EventTarget {
  closest(selectors: string): any;
}
interface Event {
  readonly detail: any;
}
declare const htmx: any;
