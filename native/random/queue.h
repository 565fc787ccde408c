#ifndef SKISSM_RANDOM_QUEUE_H_
#define SKISSM_RANDOM_QUEUE_H_

#include "memory/bytes.h"

namespace skissm {

/// Appends `bytes` to the testing build's queue, which all threads of the process share: draws happen inside C
/// functions that know no environment, on the pool's threads too.
void QueueRandom(Bytes bytes);

/// How many queued bytes were not drawn yet.
[[nodiscard]] size_t QueuedRandomLength();

/// Empties the queue.
void ClearQueuedRandom();

}  // namespace skissm

#endif  // SKISSM_RANDOM_QUEUE_H_
