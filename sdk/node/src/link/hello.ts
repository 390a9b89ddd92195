/** Reads Initialize. */

import { Violation } from '../errors.js';
import { skip } from '../msgpack/check.js';
import { DEFAULT_HOST_CONCURRENCY, DEFAULT_MAX_FRAME, DEFAULT_WINDOW, type Hello, LEAST_MAX_FRAME, MAX_INT31 } from '../protocol.js';
import { type Elements, eachElement, eachKey, intAt, textAt, within } from './envelope.js';

/** Reads what follows the type. */
export function readHello(elements: Elements): Hello {
  const at = elements.next();
  if (at < 0) {
    throw new Violation('element-type', 'Initialize has no map');
  }
  const b = elements.bytes;
  const hello: Hello = { versions: [], maxFrame: 0, window: 0, concurrency: 0, features: [], logLevel: '', config: undefined };
  const int31 = (value: number, key: string) => (value < 0 ? 0 : within(intAt(b, value, key), key, MAX_INT31));
  eachKey(b, at, 'Initialize', (key, value) => {
    switch (key) {
      case 'versions':
        hello.versions = [];
        if (value >= 0) {
          eachElement(b, value, key, (i) => hello.versions.push(intAt(b, i, 'a version')));
        }
        break;
      case 'features':
        hello.features = [];
        if (value >= 0) {
          eachElement(b, value, key, (i) => hello.features.push(textAt(b, i, 'a feature')));
        }
        break;
      case 'worker':
        if (value >= 0) {
          textAt(b, value, key);
        }
        break;
      case 'log_level':
        hello.logLevel = value < 0 ? '' : textAt(b, value, key);
        break;
      case 'max_frame':
        hello.maxFrame = int31(value, key);
        break;
      case 'window':
        hello.window = int31(value, key);
        break;
      case 'concurrency':
        hello.concurrency = int31(value, key);
        break;
      case 'ping_interval_ms':
      case 'ping_timeout_ms':
        int31(value, key);
        break;
      case 'config':
        hello.config = value < 0 ? undefined : new Uint8Array(b.subarray(value, skip(b, value)));
        break;
      default:
    }
  });
  if (hello.maxFrame > 0 && hello.maxFrame < LEAST_MAX_FRAME) {
    throw new Violation('max-frame', `max_frame is ${hello.maxFrame}; the least is ${LEAST_MAX_FRAME}`);
  }
  hello.maxFrame ||= DEFAULT_MAX_FRAME;
  hello.window ||= DEFAULT_WINDOW;
  hello.concurrency ||= DEFAULT_HOST_CONCURRENCY;
  return hello;
}
