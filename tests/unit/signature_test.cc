#include "runtime/sinks/signature.h"

#include <gtest/gtest.h>

namespace polku::sinks {
namespace {

std::vector<std::string> keys(const std::string& secrets) {
  std::vector<std::string> out;
  EXPECT_EQ(read_keys(secrets, out), "");
  return out;
}

// The example that the libraries of Standard Webhooks are tested with.
TEST(Signature, OfTheStandard) {
  const auto one = keys("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  EXPECT_EQ(signatures(one, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, R"({"test": 2432232314})"), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST(Signature, OneForEachKey) {
  const auto two = keys("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n  MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\r\n");
  EXPECT_EQ(signatures(two, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, R"({"test": 2432232314})"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST(Signature, KeysOfAllLengths) {
  EXPECT_EQ(keys("whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNA==")[0], "0123456789012345678901234");
  EXPECT_EQ(keys("whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU=")[0], "01234567890123456789012345");
  EXPECT_EQ(keys("whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU")[0], "01234567890123456789012345");  // many leave out what only fills it up
}

TEST(Signature, WhatIsNoSecretIsNotRepeated) {
  std::vector<std::string> out;
  for (const char* wrong : {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa!w", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaL", "whsec_MfKQ=9r8GKYqrTwjUPD8ILPZIo2LaLwS", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw==="}) {
    const std::string said = read_keys(wrong, out);
    EXPECT_NE(said.find("is no secret"), std::string::npos) << wrong;
    EXPECT_EQ(said.find("MfKQ"), std::string::npos) << wrong;
  }
  EXPECT_NE(read_keys("whsec_c2hvcnQ=", out).find("5 bytes"), std::string::npos);
  EXPECT_EQ(read_keys(" \n", out = {}), "is empty");
}

}  // namespace
}  // namespace polku::sinks
