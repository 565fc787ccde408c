#include <algorithm>
#include <deque>
#include <mutex>

#include "random/queue.h"
#include "random/random.h"

namespace skissm {
namespace {

std::mutex queue_mutex;
std::deque<uint8_t> queue;
thread_local bool exhausted = false;
thread_local uint64_t filler = 0;

/// SplitMix64: rejection sampling ends only with varying bytes, so an exhausted draw still gets some. They are never
/// used: the operation fails.
uint8_t FillerByte() {
  filler += 0x9e3779b97f4a7c15;
  uint64_t z = filler;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return static_cast<uint8_t>(z >> 24);
}

}  // namespace

void FillRandom(MutableBytes out) {
  const std::lock_guard lock(queue_mutex);
  if (queue.size() < out.size()) {
    exhausted = true;
    std::generate(out.begin(), out.end(), FillerByte);
    return;
  }
  const auto end = queue.begin() + static_cast<std::ptrdiff_t>(out.size());
  std::copy(queue.begin(), end, out.begin());
  queue.erase(queue.begin(), end);
}

bool TakeRandomExhausted() {
  const bool was = exhausted;
  exhausted = false;
  return was;
}

void QueueRandom(Bytes bytes) {
  const std::lock_guard lock(queue_mutex);
  queue.insert(queue.end(), bytes.begin(), bytes.end());
}

size_t QueuedRandomLength() {
  const std::lock_guard lock(queue_mutex);
  return queue.size();
}

void ClearQueuedRandom() {
  const std::lock_guard lock(queue_mutex);
  queue.clear();
}

}  // namespace skissm
