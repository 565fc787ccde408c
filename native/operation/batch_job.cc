#include "operation/batch_job.h"

#include <algorithm>
#include <iterator>

#include "operation/chain.h"
#include "operation/kem.h"
#include "operation/signature.h"

namespace skissm {
namespace {

Length Exactly(size_t length) {
  return Length::Exactly(length);
}

Bytes In(BatchJob& job, size_t index) {
  return job.inputs[index].bytes();
}

MutableBytes Out(BatchJob& job, size_t index) {
  return job.outputs[index].bytes();
}

BatchLayout KemKeyPairLayout(const BatchJob& job) {
  return {{}, {Exactly(job.kem->public_key_length), Exactly(job.kem->private_key_length)}};
}

Status RunKemKeyPair(BatchJob& job) {
  return KemGenerateKeyPair(*job.kem, Out(job, 0), Out(job, 1));
}

BatchLayout EncapsulateLayout(const BatchJob& job) {
  return {{Exactly(job.kem->public_key_length)},
          {Exactly(job.kem->ciphertext_length), Exactly(job.kem->shared_secret_length)}};
}

Status RunEncapsulate(BatchJob& job) {
  return KemEncapsulate(*job.kem, In(job, 0), Out(job, 0), Out(job, 1));
}

BatchLayout DecapsulateLayout(const BatchJob& job) {
  return {{Exactly(job.kem->private_key_length), Exactly(job.kem->ciphertext_length)},
          {Exactly(job.kem->shared_secret_length)}};
}

Status RunDecapsulate(BatchJob& job) {
  return KemDecapsulate(*job.kem, In(job, 0), In(job, 1), Out(job, 0));
}

BatchLayout IsEncapsulatedToLayout(const BatchJob& job) {
  return {{Exactly(job.kem->private_key_length), Exactly(job.kem->ciphertext_length)}, {}};
}

Status RunIsEncapsulatedTo(BatchJob& job) {
  bool result = false;
  const Status status = KemIsEncapsulatedTo(*job.kem, In(job, 0), In(job, 1), &result);
  job.value = result ? 1 : 0;
  return status;
}

BatchLayout SignatureKeyPairLayout(const BatchJob& job) {
  return {{}, {Exactly(job.signature->public_key_length), Exactly(job.signature->private_key_length)}};
}

Status RunSignatureKeyPair(BatchJob& job) {
  return SignatureGenerateKeyPair(*job.signature, Out(job, 0), Out(job, 1));
}

BatchLayout SignLayout(const BatchJob& job) {
  return {{Exactly(job.signature->private_key_length), Length::Any()}, {Exactly(job.signature->signature_length)}};
}

Status RunSign(BatchJob& job) {
  size_t length = 0;
  const Status status = Sign(*job.signature, In(job, 0), In(job, 1), Out(job, 0), &length);
  job.value = static_cast<double>(length);
  return status;
}

BatchLayout VerifyLayout(const BatchJob& job) {
  return {{Exactly(job.signature->public_key_length), Length::Any(), Length::Any()}, {}};
}

Status RunVerify(BatchJob& job) {
  job.value = Verify(*job.signature, In(job, 0), In(job, 1), In(job, 2)) ? 1 : 0;
  return Status::kOk;
}

BatchLayout ChainWalkLayout(const BatchJob& job) {
  return {{Exactly(job.hash->digest_length)}, {Exactly(job.hash->digest_length)}};
}

Status RunChainWalk(BatchJob& job) {
  return ChainWalk(*job.hash, In(job, 0), job.count, Out(job, 0));
}

BatchLayout ChainMessageKeysLayout(const BatchJob& job) {
  return {{Exactly(job.hash->digest_length)}, {Exactly(job.count * kMessageKeyLength)}};
}

Status RunChainMessageKeys(BatchJob& job) {
  return ChainMessageKeys(*job.hash, In(job, 0), Out(job, 0));
}

constexpr BatchOperation kOperations[] = {
    {"kem-key-pair", BatchFamily::kKem, 0, KemKeyPairLayout, RunKemKeyPair},
    {"kem-encapsulate", BatchFamily::kKem, 0, EncapsulateLayout, RunEncapsulate},
    {"kem-decapsulate", BatchFamily::kKem, 0, DecapsulateLayout, RunDecapsulate},
    {"kem-is-encapsulated-to", BatchFamily::kKem, 0, IsEncapsulatedToLayout, RunIsEncapsulatedTo},
    {"signature-key-pair", BatchFamily::kSignature, 0, SignatureKeyPairLayout, RunSignatureKeyPair},
    {"sign", BatchFamily::kSignature, 0, SignLayout, RunSign},
    {"verify", BatchFamily::kSignature, 0, VerifyLayout, RunVerify},
    {"chain-walk", BatchFamily::kChain, 0, ChainWalkLayout, RunChainWalk},
    {"chain-message-keys", BatchFamily::kChain, 1, ChainMessageKeysLayout, RunChainMessageKeys},
};

}  // namespace

const BatchOperation* FindBatchOperation(std::string_view name) {
  const auto* found = std::ranges::find(kOperations, name, &BatchOperation::name);
  return found == std::end(kOperations) ? nullptr : found;
}

}  // namespace skissm
