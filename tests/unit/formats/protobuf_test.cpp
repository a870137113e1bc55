#include "formats/protobuf.h"

#include <doctest/doctest.h>

#include "support/check_error.h"
#include "support/must.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {

std::vector<std::byte> bytes_of(std::initializer_list<int> values) {
  std::vector<std::byte> bytes;
  for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

Result<WireField> first_field(const std::vector<std::byte>& bytes, size_t offset = 0) {
  return WireReader(Slice{bytes, offset}).next();
}

}  // namespace

TEST_CASE("the varints of the protobuf documentation are read") {
  const auto bytes = bytes_of({0x08, 0x96, 0x01});
  const WireField field = must(first_field(bytes));
  CHECK(field.number == 1);
  CHECK(field.type == WireType::kVarint);
  CHECK(must(field.integer()) == 150);
}

TEST_CASE("a negative integer takes ten bytes") {
  WireWriter writer;
  writer.integer(1, -2);
  CHECK(writer.result().size() == 11);
  const std::vector<std::byte> bytes = std::move(writer).release();
  CHECK(must(must(first_field(bytes)).integer()) == -2);
}

TEST_CASE("a varint of more than 64 bits is malformed, the largest one is not") {
  auto bytes = bytes_of({0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01});
  CHECK(must(first_field(bytes)).scalar == ~uint64_t{0});
  bytes.back() = std::byte{0x02};
  check_error(first_field(bytes), ErrorCode::kInvalidModel, "64 bits");
  bytes.back() = std::byte{0x81};
  check_error(first_field(bytes), ErrorCode::kInvalidModel, "64 bits");
}

TEST_CASE("every cut through a message is malformed and names its byte") {
  const auto varint = bytes_of({0x08, 0x96, 0x01});
  const auto fixed32 = bytes_of({0x0d, 1, 2, 3, 4});
  const auto fixed64 = bytes_of({0x09, 1, 2, 3, 4, 5, 6, 7, 8});
  const auto text = bytes_of({0x0a, 3, 'a', 'b', 'c'});
  for (const auto& whole : {varint, fixed32, fixed64, text}) {
    CHECK(first_field(whole).ok());
    for (size_t size = 1; size < whole.size(); ++size) {
      const std::vector<std::byte> cut(whole.begin(), whole.begin() + static_cast<long>(size));
      check_error(first_field(cut, 100), ErrorCode::kInvalidModel, "byte 10");
    }
  }
}

TEST_CASE("a length beyond the bytes at hand is malformed, however large") {
  check_error(first_field(bytes_of({0x0a, 0x02, 'a'})), ErrorCode::kInvalidModel,
              "2 bytes where 1");
  check_error(first_field(bytes_of(
                  {0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 'a'})),
              ErrorCode::kInvalidModel, "18446744073709551615");
}

TEST_CASE("field numbers and wire types that protobuf does not have are malformed") {
  check_error(first_field(bytes_of({0x00, 0x01})), ErrorCode::kInvalidModel, "field number");
  check_error(first_field(bytes_of({0x80, 0x80, 0x80, 0x80, 0x10, 0x01})), ErrorCode::kInvalidModel,
              "field number");
  for (const int wire_type : {3, 4, 6, 7}) {
    check_error(first_field(bytes_of({0x08 | wire_type, 0x01})), ErrorCode::kInvalidModel,
                "wire type");
  }
}

TEST_CASE("a field read as another type is an error that names its byte") {
  const auto varint = bytes_of({0x08, 0x01});
  const WireField field = must(first_field(varint, 7));
  check_error(field.real(), ErrorCode::kInvalidModel, "byte 7");
  check_error(field.text(), ErrorCode::kInvalidModel, "byte 7");
  check_error(field.message(), ErrorCode::kInvalidModel, "byte 7");
  const auto text = bytes_of({0x0a, 0x00});
  check_error(must(first_field(text)).integer(), ErrorCode::kInvalidModel, "field 1");
}

TEST_CASE("repeated numbers are read packed and one by one") {
  const auto sum_of = [](const std::vector<std::byte>& bytes) {
    uint64_t sum = 0;
    for (WireReader fields(Slice{bytes, 0}); !fields.done();) {
      const WireField field = must(fields.next());
      REQUIRE(for_each_varint(field, [&](uint64_t value) {
                sum = sum * 1000 + value;
                return success();
              }).ok());
    }
    return sum;
  };
  CHECK(sum_of(bytes_of({0x0a, 0x04, 0x01, 0x96, 0x01, 0x03})) == 1'150'003);
  CHECK(sum_of(bytes_of({0x08, 0x01, 0x08, 0x96, 0x01, 0x08, 0x03})) == 1'150'003);

  const auto cut = bytes_of({0x0a, 0x02, 0x01, 0x96});
  const auto ignore = [](auto) { return success(); };
  check_error(for_each_varint(must(first_field(cut)), ignore), ErrorCode::kInvalidModel, "byte 4");
}

TEST_CASE("repeated floats and doubles are read packed and one by one") {
  std::vector<double> seen;
  const auto collect = [&](auto value) {
    seen.push_back(static_cast<double>(value));
    return success();
  };
  const auto one = bytes_of({0x0d, 0x00, 0x00, 0x80, 0x3f});
  CHECK(for_each_real<float>(must(first_field(one)), collect).ok());
  const auto two = bytes_of({0x0a, 0x08, 0, 0, 0, 0x40, 0, 0, 0, 0xc0});
  CHECK(for_each_real<float>(must(first_field(two)), collect).ok());
  const auto wide = bytes_of({0x09, 0, 0, 0, 0, 0, 0, 0x04, 0x40});
  CHECK(for_each_real<double>(must(first_field(wide)), collect).ok());
  CHECK(seen == std::vector<double>{1.0, 2.0, -2.0, 2.5});

  const auto odd = bytes_of({0x0a, 0x03, 0, 0, 0});
  check_error(for_each_real<float>(must(first_field(odd)), collect), ErrorCode::kInvalidModel,
              "field 1");
  check_error(for_each_real<double>(must(first_field(one)), collect), ErrorCode::kInvalidModel,
              "field 1");
}

TEST_CASE("what is written is read again, with offsets of the file") {
  WireWriter inner;
  inner.real(2, -1.5f);
  WireWriter writer;
  writer.text(1, "name");
  writer.message(300, inner);
  const std::vector<std::byte> bytes = std::move(writer).release();

  WireReader fields(Slice{bytes, 0});
  CHECK(must(must(fields.next()).text()) == "name");
  const WireField message = must(fields.next());
  CHECK(message.number == 300);
  CHECK(message.offset == 6);
  CHECK(fields.done());
  const WireField real = must(WireReader(must(message.message())).next());
  CHECK(must(real.real()) == -1.5f);
  CHECK(real.offset == 9);
}
