using System.Text;
using CronCloud.Core.Signatures;

namespace CronCloud.Core.Tests.Signatures;

public sealed class StandardWebhooksTests
{
    [Fact]
    public void The_published_example_is_signed_as_published()
    {
        var secret = Convert.FromBase64String("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");

        Assert.Equal("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", StandardWebhooks.Show(secret));
        Assert.Equal(
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            StandardWebhooks.Sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, """{"test": 2432232314}"""u8));
    }

    [Fact]
    public void An_attempt_has_three_headers()
    {
        var headers = StandardWebhooks.Headers("secret"u8, "m1", DateTimeOffset.FromUnixTimeMilliseconds(1614265330_999), "{}"u8).ToDictionary();

        Assert.Equal(["webhook-id", "webhook-timestamp", "webhook-signature"], headers.Keys);
        Assert.Equal(("m1", "1614265330", StandardWebhooks.Sign("secret"u8, "m1", 1614265330, "{}"u8)), (headers["webhook-id"], headers["webhook-timestamp"], headers["webhook-signature"]));
    }

    [Theory]
    [InlineData("inc-17_opened-1")]
    [InlineData("A")]
    public void A_harmless_id_stays(string id) => Assert.Equal(id, StandardWebhooks.MessageIdOf(id));

    [Theory]
    [InlineData("")]
    [InlineData("a.b")]
    [InlineData("a\r\nevil: 1")]
    [InlineData("é")]
    [InlineData("job@20261201T030000Z/opened")]
    public void Any_other_id_becomes_one_of_its_own(string id)
    {
        var made = StandardWebhooks.MessageIdOf(id);

        Assert.Matches("^msg_[0-9a-f]{32}$", made);
        Assert.Equal(made, StandardWebhooks.MessageIdOf(id));
        Assert.NotEqual(made, StandardWebhooks.MessageIdOf(id + "x."));
    }

    [Fact]
    public void A_signing_key_is_the_base64_of_32_bytes_or_more()
    {
        Assert.Null(SigningKey.Read(""));
        Assert.Null(SigningKey.Read("not base64 at all, whatever its length may be"));
        Assert.Null(SigningKey.Read(Convert.ToBase64String(new byte[31])));
        Assert.NotNull(SigningKey.Read(Convert.ToBase64String(new byte[32])));
        Assert.NotNull(SigningKey.Read($" {Convert.ToBase64String(new byte[64])}\n"));
    }

    [Fact]
    public void Secrets_differ_by_key_tenant_and_name_and_follow_from_them()
    {
        var (key, other) = (SigningKey.Read(Convert.ToBase64String(new byte[32]))!, SigningKey.Read(Convert.ToBase64String(Encoding.ASCII.GetBytes(new string('k', 32))))!);

        byte[][] secrets = [key.SecretOf("t", "channel/ops/1"), key.SecretOf("t", "channel/ops/2"), key.SecretOf("u", "channel/ops/1"), other.SecretOf("t", "channel/ops/1")];

        Assert.All(secrets, secret => Assert.Equal(32, secret.Length));
        Assert.Equal(4, secrets.Select(Convert.ToHexString).Distinct().Count());
        Assert.Equal(secrets[0], key.SecretOf("t", "channel/ops/1"));
        Assert.DoesNotContain(Convert.ToBase64String(new byte[32]), key.ToString(), StringComparison.Ordinal);
    }
}
