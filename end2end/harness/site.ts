// What a browser opens: a server, or something in front of one.

export interface Site {
  /** Without a slash at its end. */
  readonly url: string;
  /** The model that the test is about. */
  readonly model: string;
}
