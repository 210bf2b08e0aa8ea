using System.Buffers;
using System.Text;
using CronCloud.Backends.Streams;

namespace CronCloud.Backends.Tests.Streams;

public sealed class AcknowledgementTests
{
    [Theory]
    [InlineData("""{"stream":"EXECUTIONS","seq":17}""", 17, false)]
    [InlineData("""{"stream":"EXECUTIONS", "seq":18446744073709551615, "duplicate": true, "domain":"hub"}""", ulong.MaxValue, true)]
    [InlineData("""{"seq":3,"newer":{"seq":9,"error":[1]},"duplicate":false}""", 3, false)]
    public void What_the_stream_has_is_stored_under_its_number(string answer, ulong sequence, bool isDuplicate) =>
        Assert.Equal(new Acknowledgement(PublishState.Stored, sequence, isDuplicate), Of(answer));

    [Theory]
    [InlineData("""{"error":{"code":400,"err_code":10077,"description":"maximum messages exceeded"},"stream":"EXECUTIONS","seq":0}""")]
    [InlineData("""{"stream":"EXECUTIONS","seq":0}""")]
    [InlineData("""{"stream":"EXECUTIONS"}""")]
    [InlineData("""{"seq":"17"}""")]
    [InlineData("""{"seq":17""")]
    [InlineData("no JSON")]
    [InlineData("[]")]
    public void Anything_else_is_no_word_that_the_stream_has_it(string answer) => Assert.Equal(PublishState.Refused, Of(answer).State);

    [Fact]
    public void An_empty_one_says_that_no_stream_listens() => Assert.Equal(PublishState.NoStream, Of("").State);

    private static Acknowledgement Of(string answer) => Acknowledgement.Of(new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(answer)));
}
