namespace CronCloud.Backends.Sql;

/// <summary>Undoes a transaction whose conditions do not hold: another one came first.</summary>
internal sealed class ChangedMeanwhileException : Exception
{
    public static void ThrowUnless(bool holds)
    {
        if (!holds)
            throw new ChangedMeanwhileException();
    }
}
